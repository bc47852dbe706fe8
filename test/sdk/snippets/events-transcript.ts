async function onTranscript(event: TranscriptEvent) {
  console.log(`[${event.role}] ${event.text}`);
  // Access conversation history so far
  for (const entry of event.history ?? []) {
    void entry; // {role, text, timestamp}
  }
}
