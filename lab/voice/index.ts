export { Demodulator, type DemodulatorListener } from './demodulator';
export { BITS_PER_BYTE, type ModemOptions, modulate, modulatedSamples, POSTAMBLE_BITS, PREAMBLE_BITS, textWithin } from './modem';
