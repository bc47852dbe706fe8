export async function stopLocalTemporal(_home: string): Promise<void> {}
