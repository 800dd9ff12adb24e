"""Was it right, and in what way? Each scorer judges one answer; `bias` and `consistency` judge a run's."""
