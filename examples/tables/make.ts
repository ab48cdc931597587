import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../src/random';

// Makes the tables of docs/tutorial-tables.md: node --require ./bin/register.js examples/tables/make.ts
// The birds are invented; what they measure is in the range of real penguins.

const random = createRandom(7, 'split');

/** Means of bill length, bill depth and flipper length in mm, and of body mass in g. */
const SPECIES = {
  Adelie: { rows: 150, means: [40.5, 18.2, 191, 3750], islands: ['Torgersen', 'Biscoe', 'Dream'] },
  Chinstrap: { rows: 70, means: [45.5, 18.4, 197, 3800], islands: ['Dream'] },
  Gentoo: { rows: 120, means: [46.5, 16, 211, 4700], islands: ['Biscoe'] },
} as const;
const DEVIATIONS = [3, 1.2, 8, 480] as const;

interface Bird {
  readonly species: string;
  readonly cells: readonly string[];
}

function birdOf(species: keyof typeof SPECIES): Bird {
  const { means, islands } = SPECIES[species];
  const isMale = random.integer(2) === 1;
  const [length, depth, flipper, mass] = means.map((mean, i) => {
    const deviation = DEVIATIONS[i]!;
    return random.normal(mean + (isMale ? 0.6 : -0.6) * deviation, 0.8 * deviation);
  }) as [number, number, number, number];
  const day = new Date(Date.UTC(2007 + random.integer(3), 10, 9 + random.integer(25)));
  const measured = [length.toFixed(1), depth.toFixed(1), flipper.toFixed(0), (Math.round(mass / 25) * 25).toFixed(0)];
  // 0 to 2 leave one of the measures out, but for the mass; 37 and more the sex.
  const missing = random.integer(40);
  return {
    species,
    cells: [
      islands[random.integer(islands.length)]!,
      ...measured.map((cell, i) => (i < 3 && missing === i ? 'NA' : cell)),
      missing > 36 ? '' : isMale ? 'male' : 'female',
      day.toISOString().slice(0, 10),
    ],
  };
}

const birds = Object.entries(SPECIES).flatMap(([species, { rows }]) =>
  Array.from({ length: rows }, () => birdOf(species as keyof typeof SPECIES)),
);
const order = birds.map((bird) => ({ bird, at: random.integer(2 ** 31) })).sort((a, b) => a.at - b.at);

const COLUMNS = 'island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,seen';
const rows = order.map(({ bird: { species, cells } }, i) => `${i + 1},${species},${cells.join()},Palmer`);
writeFileSync(join(__dirname, 'penguins.csv'), `id,species,${COLUMNS},station\n${rows.join('\n')}\n`);
