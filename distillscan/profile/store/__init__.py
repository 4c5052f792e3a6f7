"""What is kept of every account while a log is read: sums, activity and bounded samples."""
