"""edXML files at the desk: what is wrong with one, and whether our reader keeps its promises."""
