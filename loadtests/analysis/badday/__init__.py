"""What a bad day did to good clients: pure functions of a trial's samples."""
