SELECT name FROM checkpoints
