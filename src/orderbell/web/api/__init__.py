"""The API for programs: /v1, bearer keys, JSON in and out."""
