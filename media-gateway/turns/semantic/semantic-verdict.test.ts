import { semanticVerdict } from './semantic-verdict';

const UNFINISHED = {
  en: [
    'I would like to book a table for',
    'Yes and',
    'I need the',
    'Well, um',
    'My number is',
    'My number is 555.',
    'It is 5 5 5',
    'Can I ask you something?',
    'I have a question.',
    'Hold on.',
    'On Friday, because',
    'So I thought that maybe...',
  ],
  de: [
    'Ich möchte gerne einen',
    'Ja, aber',
    'Meine Nummer ist 0151',
    'Äh',
    'Ich hätte eine Frage.',
    'Moment mal.',
    'Ich komme mit dem',
    'Darf ich Sie etwas fragen?',
  ],
  es: ['Quisiera una', 'Sí, pero', 'Mi número es', 'Este', 'Tengo una pregunta.', 'Un momento.', 'Es que'],
  fr: ['Je voudrais un', 'Oui, mais', "Mon numéro, c'est", 'Euh', "J'ai une question.", 'Attendez.', 'Je viens avec'],
  it: ['Vorrei un', 'Sì, ma', 'Il mio numero è', 'Allora', 'Ho una domanda.', 'Un attimo.', 'Vengo con'],
  pt: ['Eu queria uma', 'Sim, mas', 'O meu número é', 'Hum', 'Tenho uma pergunta.', 'Um momento.', 'Vou com'],
};
const FINISHED = {
  en: [
    'Yes.',
    'No.',
    'Okay.',
    'On Friday at ten.',
    'What is it about?',
    'I think so.',
    'My number is 555 1234.',
    'I need 2.',
    'That is all I need.',
    'In 2024.',
    'Stop!',
  ],
  de: ['Ja.', 'Nein, danke.', 'Am Freitag um zehn.', 'Worum geht es?', 'Meine Nummer ist 0151 2345678.', 'Was ist das?'],
  es: ['Sí.', 'El viernes a las diez.', '¿De qué se trata?', 'Creo que sí.'],
  fr: ['Oui.', 'Vendredi à dix heures.', "C'est pour quoi ?", "C'est ça."],
  it: ['Sì.', 'Venerdì alle dieci.', 'Di che cosa si tratta?', 'Credo di sì.'],
  pt: ['Sim.', 'Na sexta às dez.', 'Do que se trata?', 'Acho que sim.'],
};

describe('a turn by its words', () => {
  it.each(Object.entries(UNFINISHED).flatMap(([language, texts]) => texts.map((text) => [language, text])))(
    '%s: "%s" is unfinished',
    (language, text) => {
      expect(semanticVerdict(text, language)).toBe('unfinished');
    },
  );

  it.each(Object.entries(FINISHED).flatMap(([language, texts]) => texts.map((text) => [language, text])))(
    '%s: "%s" is finished',
    (language, text) => {
      expect(semanticVerdict(text, language)).toBe('finished');
    },
  );

  it('does not tell without punctuation, in silence, or in a language it does not know', () => {
    expect(semanticVerdict('on friday at ten', 'en')).toBe('unclear');
    expect(semanticVerdict('', 'en')).toBe('unclear');
    expect(semanticVerdict('Haluaisin varata pöydän.', 'fi')).toBe('unclear');
    expect(semanticVerdict('Quisiera una', 'es-MX')).toBe('unfinished');
  });
});
