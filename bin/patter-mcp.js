#!/usr/bin/env node
// `patter mcp` under a name of its own, for clients that want one command: npx patter-mcp.
process.argv.splice(2, 0, 'mcp');
require('./patter.js');
