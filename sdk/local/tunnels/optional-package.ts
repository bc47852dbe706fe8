import { PatterError } from '../../../contracts/errors';

/** Loads a package that is installed only where it is wanted. */
export type LoadPackage = (name: string, purpose: string) => unknown;

/** @throws PatterError PATTER_CONFIG_INVALID that names the line to run */
export const loadOptional: LoadPackage = (name, purpose) => {
  try {
    return require(name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new PatterError('PATTER_CONFIG_INVALID', `${purpose} needs the package ${name}. Install it: npm install ${name}`, {
      cause,
      details: { package: name },
    });
  }
};
