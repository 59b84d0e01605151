/**
 * What the words in the tables stand for: the status with which every route of a repository is answered (206
 * instead of 200 where a range is asked for), in four states of the world.
 *
 * - up: the upstream can be asked, whether the content is held or not
 * - cold: it can't, and nothing of the repository was ever asked for; only `turned` and `unnoticed` are held
 * - kept: it can't, all content is held, and all was asked for a moment ago
 * - later: as kept, and an hour has passed
 */
const legend = `
  word    | up  | cold | kept | later
  open    | 200 | 200  | 200  | 200
  yes     | 200 | 503  | 200  | 200
  asks    | 200 | 503  | 200  | 503
  token   | 200 | 200  | 200  | 503
  401     | 401 | 401  | 401  | 401
  401?    | 401 | 503  | 401  | 503
  401+    | 401 | 200  | 401  | 503
  401!    | 401 | 401  | 401  | 503
  403     | 403 | 403  | 403  | 403
  404     | 404 | 404  | 404  | 404
  404?    | 404 | 503  | 404  | 503
  404+    | 404 | 200  | 404  | 503
`;

/**
 * What each client is answered. The rows are those of `identities.ts`, the columns `/v2/` and the kinds of repositories
 * of `repositories.ts`. A question mark is for what only the upstream can say, which while it is away is 503.
 *
 * Of the users, the first rule lets alice pull everything, there is none for bob, and carol is kept from
 * everything.
 */
const tables = `
as it comes out of the box
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
alice, password   | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
carol, password   | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
wrong password    | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
unknown user      | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
alice, cert       | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, wrong  | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, Hub    | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
Hub, may not      | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
Hub, wrong        | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
Hub, in the clear | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?

private: deny, users and Hub accounts can log in
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | open  | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
alice, password   | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
carol, password   | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
wrong password    | 401   | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
unknown user      | 401!  | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
alice, cert       | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, wrong  | 401   | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, Hub    | token | yes    | asks    | token  | open      | 404    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | token | yes    | asks    | token  | open      | 401    | yes    | 403    | 403     | 401?
Hub, may not      | token | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
Hub, wrong        | 401!  | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
Hub, in the clear | 401   | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?

private: users, users and Hub accounts can log in
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | open  | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
alice, password   | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
carol, password   | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
wrong password    | 401   | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
unknown user      | 401!  | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
alice, cert       | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, wrong  | 401   | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, Hub    | token | yes    | asks    | token  | open      | 404    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | token | yes    | asks    | token  | open      | 401    | yes    | 403    | 403     | 401?
Hub, may not      | token | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
Hub, wrong        | 401!  | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?
Hub, in the clear | 401   | yes    | 401?    | 401+   | open      | 401    | yes    | 403    | 403     | 401?

private: allow, users and Hub accounts can log in
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?
alice, password   | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
carol, password   | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
wrong password    | 401   | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?
unknown user      | 401!  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?
alice, cert       | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, wrong  | 401   | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, Hub    | token | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | token | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?
Hub, may not      | token | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?
Hub, wrong        | 401!  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?
Hub, in the clear | 401   | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 401?

private: deny, nobody without a log-in
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401
alice, password   | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
carol, password   | open  | 404    | 404     | 404    | 404       | 404    | 404    | 403    | 403     | 404
wrong password    | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401
unknown user      | 401!  | 401!   | 401!    | 401!   | 401!      | 401    | 401!   | 403    | 403     | 401!
alice, cert       | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, wrong  | 401   | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, Hub    | token | yes    | asks    | token  | open      | 404    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | token | asks   | asks    | asks   | asks      | 401    | asks   | 403    | 403     | 401?
Hub, may not      | token | asks   | 401?    | 401?   | 401?      | 401    | 401?   | 403    | 403     | 401?
Hub, wrong        | 401!  | 401!   | 401!    | 401!   | 401!      | 401    | 401!   | 403    | 403     | 401!
Hub, in the clear | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401

private: users, nobody without a log-in
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401
alice, password   | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
carol, password   | open  | 404    | 404     | 404    | 404       | 404    | 404    | 403    | 403     | 404
wrong password    | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401
unknown user      | 401!  | 401!   | 401!    | 401!   | 401!      | 401    | 401!   | 403    | 403     | 401!
alice, cert       | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, wrong  | 401   | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, Hub    | token | yes    | asks    | token  | open      | 404    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | token | asks   | asks    | asks   | asks      | 401    | asks   | 403    | 403     | 401?
Hub, may not      | token | asks   | 401?    | 401?   | 401?      | 401    | 401?   | 403    | 403     | 401?
Hub, wrong        | 401!  | 401!   | 401!    | 401!   | 401!      | 401    | 401!   | 403    | 403     | 401!
Hub, in the clear | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401

private: allow, nobody without a log-in
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401
alice, password   | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, password     | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
carol, password   | open  | 404    | 404     | 404    | 404       | 404    | 404    | 403    | 403     | 404
wrong password    | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401
unknown user      | 401!  | 401!   | 401!    | 401!   | 401!      | 401!   | 401!   | 403    | 403     | 401!
alice, cert       | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, wrong  | 401   | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert, Hub    | token | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | token | asks   | asks    | asks   | asks      | asks   | asks   | 403    | 403     | 401?
Hub, may not      | token | asks   | 401?    | 401?   | 401?      | asks   | 401?   | 403    | 403     | 401?
Hub, wrong        | 401!  | 401!   | 401!    | 401!   | 401!      | 401!   | 401!   | 403    | 403     | 401!
Hub, in the clear | 401   | 401    | 401     | 401    | 401       | 401    | 401    | 403    | 403     | 401

private: users, nobody without a certificate
                  | /v2/  | public | private | turned | unnoticed | closed | opened | denied | nowhere | absent
nobody            | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
alice, password   | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
bob, password     | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
carol, password   | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
wrong password    | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
unknown user      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
alice, cert       | open  | yes    | yes     | open   | open      | yes    | yes    | 403    | 403     | 404?
bob, cert         | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, alice  | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, wrong  | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
bob, cert, Hub    | open  | yes    | 404?    | 404+   | open      | 404    | yes    | 403    | 403     | 404?
refused cert      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may pull     | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, may not      | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, wrong        | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
Hub, in the clear | 403   | 403    | 403     | 403    | 403       | 403    | 403    | 403    | 403     | 403
`;

/** A state of the world. */
export type State = (typeof states)[number];

/** One row of one table: what a client is answered, by column. */
export type ExpectedRow = ReadonlyMap<string, Readonly<Record<State, number>>>;

/** The states of the world, in the order in which they are tried. */
export const states = ['up', 'cold', 'kept', 'later'] as const;

/** The tables by their titles, each by the names of its rows. */
export const expectations: ReadonlyMap<string, ReadonlyMap<string, ExpectedRow>> = new Map(
  tables
    .trim()
    .split('\n\n')
    .map((text) => {
      const [title = '', ...lines] = text.split('\n');
      return [title, rowsOf(lines)] as const;
    }),
);

function rowsOf(lines: readonly string[]): ReadonlyMap<string, ExpectedRow> {
  const statuses = new Map(
    cellsOf(legend.trim().split('\n').slice(1)).map(([word = '', ...numbers]) => [word, numbers]),
  );
  const [[, ...columns] = [], ...rows] = cellsOf(lines);
  return new Map(
    rows.map(([name = '', ...words]) => {
      if (words.length !== columns.length) throw new Error(`the row ${name} has a wrong length`);
      const entries = words.map((word, index) => {
        const numbers = statuses.get(word);
        if (numbers === undefined) throw new Error(`${word} is no word of the legend`);
        const [up, cold, kept, later] = numbers.map(Number);
        return [columns[index] ?? '', { up, cold, kept, later } as Record<State, number>] as const;
      });
      return [name, new Map(entries)];
    }),
  );
}

function cellsOf(lines: readonly string[]): string[][] {
  return lines.map((line) => line.split('|').map((cell) => cell.trim()));
}
