"""Tools of the application and of MCP servers, and the loop that calls them."""
