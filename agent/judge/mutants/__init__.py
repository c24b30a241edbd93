"""What an author could have written by mistake, and which cases would notice."""
