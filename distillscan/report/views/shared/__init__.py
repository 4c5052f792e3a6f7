"""What several formats show in the same way: charts, facts about a cluster, and the words for them."""
