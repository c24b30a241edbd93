"""How an approval is carried out, one module for each sort of thing that is acted on."""
