/** What the gateway itself says. Word by word, so that an opt-out is confirmed in the same way every time. */
export const PHRASES = {
  en: {
    screening: 'This is an AI assistant calling.',
    stillThere: 'Are you still there?',
    filler: 'One moment, please.',
    idleGoodbye: 'Nobody seems to be there any more. Goodbye.',
    timeWarning: 'We have about half a minute left for this call.',
    timeNearlyOver: 'Our time for this call is nearly over.',
    optedOut: 'You will not be called again. Goodbye.',
    timeLimit: 'I am sorry, our time for this call is over. Goodbye.',
    apology: 'I am sorry, we have a technical problem. We will call you again. Goodbye.',
    apologyToCaller: 'I am sorry, we have a technical problem. Please call again later. Goodbye.',
    apologyAndTransfer: 'I am sorry, I have a technical problem. I will connect you with a person.',
  },
  de: {
    screening: 'Hier ruft ein KI-Assistent an.',
    stillThere: 'Sind Sie noch da?',
    filler: 'Einen Moment, bitte.',
    idleGoodbye: 'Es scheint niemand mehr da zu sein. Auf Wiederhören.',
    timeWarning: 'Wir haben noch etwa eine halbe Minute für dieses Gespräch.',
    timeNearlyOver: 'Unsere Zeit für dieses Gespräch ist gleich zu Ende.',
    optedOut: 'Sie werden nicht mehr angerufen. Auf Wiederhören.',
    timeLimit: 'Leider ist unsere Zeit für dieses Gespräch zu Ende. Auf Wiederhören.',
    apology: 'Entschuldigung, wir haben eine technische Störung. Wir rufen Sie wieder an. Auf Wiederhören.',
    apologyToCaller: 'Entschuldigung, wir haben eine technische Störung. Bitte rufen Sie später noch einmal an. Auf Wiederhören.',
    apologyAndTransfer: 'Entschuldigung, ich habe eine technische Störung. Ich verbinde Sie mit einem Menschen.',
  },
  es: {
    screening: 'Le llama un asistente de inteligencia artificial.',
    stillThere: '¿Sigue ahí?',
    filler: 'Un momento, por favor.',
    idleGoodbye: 'Parece que ya no hay nadie. Adiós.',
    timeWarning: 'Nos queda cerca de medio minuto para esta llamada.',
    timeNearlyOver: 'Nuestro tiempo para esta llamada está a punto de acabarse.',
    optedOut: 'No volveremos a llamarle. Adiós.',
    timeLimit: 'Lo siento, se ha acabado el tiempo de esta llamada. Adiós.',
    apology: 'Lo siento, tenemos un problema técnico. Volveremos a llamarle. Adiós.',
    apologyToCaller: 'Lo siento, tenemos un problema técnico. Llame más tarde, por favor. Adiós.',
    apologyAndTransfer: 'Lo siento, tengo un problema técnico. Le paso con una persona.',
  },
  fr: {
    screening: 'C’est un assistant vocal d’intelligence artificielle qui appelle.',
    stillThere: 'Êtes-vous toujours là ?',
    filler: 'Un instant, s’il vous plaît.',
    idleGoodbye: 'Il semble qu’il n’y ait plus personne. Au revoir.',
    timeWarning: 'Il nous reste environ une demi-minute pour cet appel.',
    timeNearlyOver: 'Le temps prévu pour cet appel est presque écoulé.',
    optedOut: 'Nous ne vous appellerons plus. Au revoir.',
    timeLimit: 'Je suis désolé, le temps prévu pour cet appel est écoulé. Au revoir.',
    apology: 'Je suis désolé, nous avons un problème technique. Nous vous rappellerons. Au revoir.',
    apologyToCaller: 'Je suis désolé, nous avons un problème technique. Rappelez plus tard, s’il vous plaît. Au revoir.',
    apologyAndTransfer: 'Je suis désolé, j’ai un problème technique. Je vous mets en relation avec une personne.',
  },
  it: {
    screening: 'La chiama un assistente di intelligenza artificiale.',
    stillThere: 'È ancora in linea?',
    filler: 'Un momento, per favore.',
    idleGoodbye: 'Sembra che non ci sia più nessuno. Arrivederci.',
    timeWarning: 'Ci resta circa mezzo minuto per questa chiamata.',
    timeNearlyOver: 'Il tempo per questa chiamata è quasi finito.',
    optedOut: 'Non la chiameremo più. Arrivederci.',
    timeLimit: 'Mi dispiace, il tempo per questa chiamata è finito. Arrivederci.',
    apology: 'Mi dispiace, abbiamo un problema tecnico. La richiameremo. Arrivederci.',
    apologyToCaller: 'Mi dispiace, abbiamo un problema tecnico. Richiami più tardi, per favore. Arrivederci.',
    apologyAndTransfer: 'Mi dispiace, ho un problema tecnico. La metto in contatto con una persona.',
  },
  nl: {
    screening: 'U wordt gebeld door een AI-assistent.',
    stillThere: 'Bent u er nog?',
    filler: 'Een ogenblik, alstublieft.',
    idleGoodbye: 'Er lijkt niemand meer te zijn. Tot ziens.',
    timeWarning: 'We hebben nog ongeveer een halve minuut voor dit gesprek.',
    timeNearlyOver: 'Onze tijd voor dit gesprek is bijna om.',
    optedOut: 'U wordt niet meer gebeld. Tot ziens.',
    timeLimit: 'Het spijt me, onze tijd voor dit gesprek is om. Tot ziens.',
    apology: 'Het spijt me, we hebben een technisch probleem. We bellen u terug. Tot ziens.',
    apologyToCaller: 'Het spijt me, we hebben een technisch probleem. Belt u later nog eens. Tot ziens.',
    apologyAndTransfer: 'Het spijt me, ik heb een technisch probleem. Ik verbind u door met een medewerker.',
  },
  pt: {
    screening: 'Daqui fala um assistente de inteligência artificial.',
    stillThere: 'Ainda está aí?',
    filler: 'Um momento, por favor.',
    idleGoodbye: 'Parece que já não está ninguém. Adeus.',
    timeWarning: 'Resta-nos cerca de meio minuto para esta chamada.',
    timeNearlyOver: 'O tempo desta chamada está quase a acabar.',
    optedOut: 'Não voltaremos a ligar. Adeus.',
    timeLimit: 'Lamento, o tempo desta chamada acabou. Adeus.',
    apology: 'Lamento, temos um problema técnico. Voltaremos a ligar. Adeus.',
    apologyToCaller: 'Lamento, temos um problema técnico. Ligue mais tarde, por favor. Adeus.',
    apologyAndTransfer: 'Lamento, tenho um problema técnico. Vou passar a chamada a uma pessoa.',
  },
} as const satisfies Record<string, Record<string, string>>;

export type PhraseKey = keyof (typeof PHRASES)['en'];

export interface Phrase {
  text: string;
  /** False: the text is English and the agent speaks another language that this table lacks; the model translates it. */
  verbatim: boolean;
}

/** @param language ISO 639-1, with or without a region: `de`, `pt-BR` */
export function phrase(language: string, key: PhraseKey): Phrase {
  const code = language.slice(0, 2).toLowerCase();
  if (code in PHRASES) return { text: PHRASES[code as keyof typeof PHRASES][key], verbatim: true };
  return { text: PHRASES.en[key], verbatim: false };
}
