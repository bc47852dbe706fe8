import fc from '../test/support/property';
import { classifyGreeting, GREETINGS } from './greeting';

test.each([
  // Mailboxes.
  ['Hi, you have reached Bob. I cannot take your call right now, so please leave a message.', 'machine'],
  ['Hier ist die Mailbox von Anna. Bitte sprechen Sie nach dem Signalton.', 'machine'],
  ['Deje su mensaje después de la señal.', 'machine'],
  ['Vous êtes bien sur la messagerie de Jean. Laissez un message après le bip.', 'machine'],
  ['Risponde la segreteria telefonica. Lasciate un messaggio dopo il segnale.', 'machine'],
  // Menus.
  ['Thank you for calling Acme. For sales, press 1. For support, press 2.', 'ivr'],
  ['If you know your party’s extension, please enter the extension now.', 'ivr'],
  ['Willkommen bei Acme. Für den Vertrieb drücken Sie die 1.', 'ivr'],
  ['Para ventas, pulse uno. Para soporte, pulse dos.', 'ivr'],
  ['Pour les ventes, tapez 1. Pour le support, tapez 2.', 'ivr'],
  ['Per informazioni prema uno. Per assistenza prema due.', 'ivr'],
  // Screeners.
  ["Hi, if you record your name and reason for calling, I'll see if this person is available.", 'call_screening'],
  [
    'The person you are calling is using a screening service from Google. Go ahead and say your name and why you are calling.',
    'call_screening',
  ],
  ['Bitte nennen Sie Ihren Namen und den Grund Ihres Anrufs.', 'call_screening'],
  ['Por favor, diga su nombre y el motivo de su llamada.', 'call_screening'],
  ["Dites votre nom et la raison de votre appel, s'il vous plaît.", 'call_screening'],
  ['Dica il suo nome e il motivo della chiamata.', 'call_screening'],
  // Waiting, and no.
  ['Thanks. Please stay on the line.', 'hold'],
  ['Bitte bleiben Sie in der Leitung.', 'hold'],
  ['Ne quittez pas, nous vous mettons en relation.', 'hold'],
  ['The person you called is not available.', 'declined'],
  // People.
  ['Hello?', 'human'],
  ['Schmidt, guten Tag.', 'human'],
  ['¿Bueno?', 'human'],
  ['Pronto, chi parla?', 'human'],
  ['Allô, oui ?', 'human'],
  ['Acme Dental, this is Bob, how can I help you today?', 'unclear'],
  // A colleague.
  ['He is not available at the moment.', 'unclear'],
  ['', 'unclear'],
] as const)('%s → %s', (text, verdict) => {
  expect(classifyGreeting(text)).toBe(verdict);
});

test('any text at all has one class', () => {
  fc.assert(fc.property(fc.string(), (text) => void expect(GREETINGS).toContain(classifyGreeting(text))));
});
