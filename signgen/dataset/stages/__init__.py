"""What is made of one video: captions, poses, a verdict; and of all of them: shards."""
