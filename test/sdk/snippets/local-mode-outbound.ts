async function main() {
  // Start the server in the background — don't await it yet.
  const server = phone.serve(agent, { port: 8000 });

  // Wait until tunnel + HTTP server + carrier webhook are all wired up.
  // Resolves to the public webhook hostname as a string.
  await phone.ready;

  try {
    // Now safe to make outbound calls
    await phone.call({
      to: "+15550009876",
      agent,
      machineDetection: true,
      voicemailMessage: "Please call us back at 555-000-1234.",
    });
  } finally {
    // Clean shutdown
    await phone.disconnect();
    await server;
  }
}

await main();
