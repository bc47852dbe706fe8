/** What tells in a language that more is to come. All of it as `plainWords` writes it: lower case, no accents, no apostrophes. */
export interface LanguageWords {
  /** At the end of a text these want a word after them: conjunctions, articles, possessives, and prepositions that do not end a sentence. */
  readonly hanging: ReadonlySet<string>;
  /** The same, but for a question, which may end so ("what is it about"). */
  readonly hangingUnlessAsked: ReadonlySet<string>;
  /** Sounds made while thinking. */
  readonly fillers: ReadonlySet<string>;
  /** Ends that announce something: "my number is", "can I ask you something", "hold on". */
  readonly announcing: readonly string[];
  /** Ends that look unfinished and are not: "I think so". */
  readonly finished: readonly string[];
  /** First words of a question. */
  readonly asking: ReadonlySet<string>;
  /** Digits as they are spoken. */
  readonly digits: ReadonlySet<string>;
  /** Ends of a text after which a number is being dictated. */
  readonly numberLeads: readonly string[];
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));
const phrases = (list: string): readonly string[] => list.split(',');
const EVERYWHERE = 'um uhm uh ehm hm hmm mm er eh erm ah';

export const LANGUAGE_WORDS: Readonly<Record<string, LanguageWords>> = {
  en: {
    hanging: words(
      'and but or because if although unless whether while the a an my your his our their its every of than very really into onto between without during',
    ),
    hangingUnlessAsked: words('to for with from at about that which who where when by as so'),
    fillers: words(`${EVERYWHERE} well actually basically`),
    announcing: phrases(
      'my number is,the number is,number is,my name is,name is,my email is,email is,the address is,address is,my birthday is,the code is,code is,it was on,i have a question,i have one question,i got a question,one more question,another question,one question,quick question,can i ask you something,can i ask something,can i ask you a question,could i ask you something,could i ask you a question,may i ask you something,let me ask you something,one thing,one more thing,another thing,the thing is,the problem is,the question is,what i mean is,let me see,let me think,let me check,let me look,hold on,hang on,wait,wait a second,one second,one moment,just a second,just a moment,just a minute,give me a second,i mean,you know,and i,but i,so i,because i,if i,i was wondering,i want,i need,i would like,id like,im looking for,i am looking for,im calling about,im,i am,its,that is,thats',
    ),
    finished: phrases(
      'think so,hope so,guess so,believe so,suppose so,say so,im calling for,looking for you,i know that,like that,do that,about that,who i am,what that is,what you want,that i want,what i want,what i need,all i need,that,to do that',
    ),
    asking: words('what who whom whose where when why how which is are do does did can could would will should have has'),
    digits: words('zero oh one two three four five six seven eight nine double triple'),
    numberLeads: phrases('number is,number,its,it is,code is,code,phone is,reach me at,reach me on,call me at,call me on,digits'),
  },
  de: {
    hanging: words(
      'und oder aber weil dass wenn ob obwohl sondern denn der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner dein ihr ihre ihren unser unsere sein seine zum zur beim vom sehr',
    ),
    hangingUnlessAsked: words('mit fur von bei nach in im am um ohne uber wegen zwischen auf als wie'),
    fillers: words(`${EVERYWHERE} ahm ah oh also halt naja tja`),
    announcing: phrases(
      'meine nummer ist,die nummer ist,nummer ist,nummer lautet,mein name ist,name ist,ich heisse,meine adresse ist,adresse ist,ich habe eine frage,ich hatte eine frage,ich habe da eine frage,eine frage,eine frage noch,noch eine frage,noch etwas,eine sache noch,darf ich sie etwas fragen,kann ich sie etwas fragen,darf ich was fragen,moment,einen moment,einen augenblick,moment mal,warten sie,warten sie mal,lassen sie mich,mal sehen,mal schauen,ich meine,und ich,aber ich,weil ich,ich wollte,ich mochte,ich brauche,ich bin,das ist,es ist,das problem ist,die frage ist',
    ),
    finished: phrases(
      'das ist gut,was ist das,wer ist das,was soll das,machen sie das,ich weiss das,ich will das,ich mochte das,ist das,das,geht das,bin ich,wie es ist,ich bin das,mach mit,komme mit',
    ),
    asking: words(
      'was wer wen wem wessen wo wann warum wieso weshalb wie welche welcher welches wohin woher kann konnen ist sind haben darf wird werden',
    ),
    digits: words('null eins zwei zwo drei vier funf sechs sieben acht neun'),
    numberLeads: phrases('nummer ist,nummer lautet,nummer,erreichen sie mich unter,vorwahl,code ist,code'),
  },
  es: {
    hanging: words('y o pero porque que aunque el la los las un una unos unas mi mis su sus tu tus de del al con sin entre muy cuando'),
    hangingUnlessAsked: words('a para por en desde hasta sobre como'),
    fillers: words(`${EVERYWHERE} eeh este pues bueno`),
    announcing: phrases(
      'mi numero es,el numero es,numero es,mi telefono es,me llamo,mi nombre es,nombre es,mi direccion es,la direccion es,tengo una pregunta,una pregunta,otra pregunta,una cosa,otra cosa,puedo preguntarle algo,le puedo preguntar algo,puedo hacerle una pregunta,un momento,un segundo,espere,espera,dejeme ver,a ver,o sea,es decir,y yo,pero yo,porque yo,quisiera,quiero,necesito,el problema es,es que,yo soy,soy',
    ),
    finished: phrases('creo que si,que si,claro que si,eso si,por que,para que,asi que si,yo si,si si'),
    asking: words('que quien quienes donde cuando cuanto cuantos cuanta como cual cuales puede puedo es son'),
    digits: words('cero uno dos tres cuatro cinco seis siete ocho nueve'),
    numberLeads: phrases('numero es,numero,telefono es,telefono,codigo es,codigo,llameme al'),
  },
  fr: {
    hanging: words(
      'et ou mais parce que si car donc le la les un une des mon ma mes votre vos son sa ses notre nos leur de du au aux dans sans entre tres quand comme qui',
    ),
    hangingUnlessAsked: words('a pour par avec en sur vers chez'),
    fillers: words(`${EVERYWHERE} euh heu ben bah alors enfin`),
    announcing: phrases(
      'mon numero cest,mon numero est,le numero cest,le numero est,numero est,je mappelle,mon nom est,mon nom cest,mon adresse est,mon adresse cest,jai une question,jaurais une question,une question,une derniere question,encore une question,une chose,autre chose,je peux vous poser une question,puis je vous demander quelque chose,je peux vous demander quelque chose,un instant,un moment,une seconde,attendez,attends,voyons,laissez moi,je veux dire,cest a dire,et je,mais je,je voudrais,je voulais,jaimerais,jai besoin,le probleme cest,cest que,cest,je suis,il y a',
    ),
    finished: phrases('je crois que si,mais si,si si,pourquoi pas,comme ca,oui cest ca,cest ca,vas y,allez y'),
    asking: words('que quoi qui ou quand pourquoi comment combien quel quelle quels quelles est puis peut pouvez'),
    digits: words('zero un deux trois quatre cinq six sept huit neuf'),
    numberLeads: phrases('numero cest,numero est,numero,cest le,code est,code cest,code,joindre au'),
  },
  it: {
    hanging: words(
      'e o ma perche che se quindi il lo la i gli le un uno una mio mia miei mie suo sua di del della dei delle al alla nel nella con senza tra fra molto quando',
    ),
    hangingUnlessAsked: words('a per da in su come'),
    fillers: words(`${EVERYWHERE} allora beh cioe ecco insomma dunque`),
    announcing: phrases(
      'il mio numero e,il numero e,numero e,mi chiamo,il mio nome e,nome e,il mio indirizzo e,indirizzo e,ho una domanda,avrei una domanda,una domanda,unaltra domanda,una cosa,unaltra cosa,posso chiederle una cosa,le posso chiedere una cosa,posso farle una domanda,un momento,un attimo,un secondo,aspetti,aspetta,vediamo,mi faccia vedere,voglio dire,e io,ma io,vorrei,volevo,ho bisogno,il problema e,io sono,sono',
    ),
    finished: phrases('come se,credo di si,penso di si,come no,e perche,perche,e allora'),
    asking: words('che chi cosa dove quando perche come quanto quanti quanta quale quali posso puo'),
    digits: words('zero uno due tre quattro cinque sei sette otto nove'),
    numberLeads: phrases('numero e,numero,codice e,codice,chiamarmi al'),
  },
  pt: {
    hanging: words(
      'e ou mas porque que se embora o a os as um uma uns umas meu minha meus minhas seu sua de do da dos das no na ao com sem entre muito quando',
    ),
    hangingUnlessAsked: words('para por em ate sobre como'),
    fillers: words(`${EVERYWHERE} hum bem entao tipo pois`),
    announcing: phrases(
      'meu numero e,o meu numero e,o numero e,numero e,meu telefone e,meu nome e,o meu nome e,me chamo,chamo me,meu endereco e,a morada e,tenho uma pergunta,tenho uma duvida,uma pergunta,outra pergunta,uma duvida,uma coisa,outra coisa,posso perguntar uma coisa,posso fazer uma pergunta,um momento,um minuto,um segundo,espere,espera,deixe me ver,deixa eu ver,quer dizer,ou seja,e eu,mas eu,eu queria,queria,gostaria,preciso,o problema e,e que,eu sou,sou',
    ),
    finished: phrases('acho que sim,por que,porque,pois e,e isso,que sim,entao e'),
    asking: words('que quem onde quando quanto quantos como qual quais porque pode posso'),
    digits: words('zero um dois tres quatro cinco seis meia sete oito nove'),
    numberLeads: phrases('numero e,numero,telefone e,telefone,codigo e,codigo,ligar para'),
  },
};
