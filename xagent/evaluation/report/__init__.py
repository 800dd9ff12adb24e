"""What did a run find? Its figures, its samples and where its answers were lost, for people to read."""
