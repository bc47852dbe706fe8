import { WhoAnswered } from './who-answered';

test('a person who was heard is told, unless the carrier has said so and nothing else was heard', () => {
  const alone = new WhoAnswered();
  expect([alone.isPerson, alone.heardPerson(), alone.isPerson]).toEqual([false, true, true]);

  const agreed = new WhoAnswered();
  agreed.carrierSaysPerson();
  expect([agreed.isPerson, agreed.heardPerson(), agreed.isPerson]).toEqual([false, false, true]);
});

test('after a doubt a person’s voice may call something off: it is always told', () => {
  const doubted = new WhoAnswered();
  doubted.carrierSaysPerson();
  doubted.heardOther();
  expect([doubted.isPerson, doubted.heardPerson(), doubted.isPerson]).toEqual([false, true, true]);
  doubted.heardOther();
  expect([doubted.isPerson, doubted.heardPerson()]).toEqual([true, true]);
});
