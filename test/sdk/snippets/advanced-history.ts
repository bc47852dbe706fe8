async function onTranscript(event: TranscriptEvent) {
  const history = event.history ?? [];
  for (const entry of history) {
    console.log(`[${entry.timestamp}] ${entry.role}: ${entry.text}`);
  }
}
