"""Programs that judge a run from outside, by what the client, the providers and the database say."""
