"""What the journeys need to play people: programs, clients, browsers, origins."""
