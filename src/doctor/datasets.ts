import { stat } from 'node:fs/promises';
import path from 'node:path';
import { catalog, type DatasetName, datasetNames, ROLES } from '../data/catalog';
import { findInFolder, findingOf, readCandidate, verify } from '../data/download/verify';
import { HandgradError } from '../errors';

/** One data set of the catalog. */
export interface DatasetReport {
  readonly name: DatasetName;
  readonly folder: string;
  readonly state: 'intact' | 'absent' | 'damaged';
  /** If it is damaged: the finding. */
  readonly problem?: string;
}

/** Finds the data sets that are there, and verifies their digests. Nothing is downloaded or written. */
export async function inspectDatasets(dataDir: string): Promise<DatasetReport[]> {
  return Promise.all(
    datasetNames.map(async (name): Promise<DatasetReport> => {
      const folder = path.join(dataDir, name);
      if (!(await stat(folder).catch(() => undefined))) return { name, folder, state: 'absent' };
      try {
        for (const role of ROLES) {
          const file = catalog[name].files[role];
          const found = await findInFolder(folder, file);
          if (found === undefined) return { name, folder, state: 'damaged', problem: `${file.name} is missing` };
          await verify(await readCandidate(found, file), file, found);
        }
        return { name, folder, state: 'intact' };
      } catch (error) {
        if (!(error instanceof HandgradError)) throw error;
        return { name, folder, state: 'damaged', problem: findingOf(error) };
      }
    }),
  );
}
