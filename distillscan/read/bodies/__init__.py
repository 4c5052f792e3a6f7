"""What logged request and response bodies hold, whichever vendor's shape they have."""
