"""How large a packet or a file may be, and how little memory it takes."""
