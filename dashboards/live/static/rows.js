// Rows for requests that overlap: each stays in the row in which it was first seen.

export class Rows {
  constructor() {
    this.rowOf = new Map();
  }

  // Marks are [from, until, key, ...]; each gets its row at its end. Returns how many rows there are.
  place(marks) {
    const known = new Map();
    const until = [];
    const fresh = [];
    for (const mark of marks) {
      const row = this.rowOf.get(mark[2]);
      if (row === undefined) {
        fresh.push(mark);
        continue;
      }
      known.set(mark[2], row);
      until[row] = Math.max(until[row] ?? 0, mark[1]);
      mark.push(row);
    }
    fresh.sort((a, b) => a[0] - b[0]);
    for (const mark of fresh) {
      let row = 0;
      while (row < until.length && until[row] > mark[0]) row += 1;
      until[row] = mark[1];
      known.set(mark[2], row);
      mark.push(row);
    }
    this.rowOf = known;
    return until.length;
  }
}
