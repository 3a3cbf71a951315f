"""Programs that run on the cloud's hosts; steps put them there. Most use only the standard library."""
