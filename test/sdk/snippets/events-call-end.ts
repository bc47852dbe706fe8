async function onCallEnd(event: CallEndEvent) {
  console.log(`Call ended: ${event.callId}`);
  for (const entry of event.transcript) {
    console.log(`  [${entry.role}]: ${entry.text}`);
  }
}
