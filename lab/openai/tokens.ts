/** Token counts as the vendor's documents give them: about four characters of text, 100 ms of audio in, 50 ms of audio out. */

export const textTokens = (text: string) => Math.ceil(text.length / 4);
export const inputAudioTokens = (ms: number) => Math.ceil(ms / 100);
export const outputAudioTokens = (ms: number) => Math.ceil(ms / 50);
