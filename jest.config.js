/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // As the package's own exports have it, from the sources.
  moduleNameMapper: { '^getpatter/workflow$': '<rootDir>/sdk/workflow' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } }, module: { type: 'commonjs' } },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testSequencer: '<rootDir>/test/support/longest-first.js',
  // On two cores: end-to-end tests spend more than half of their time waiting for what people say.
  maxWorkers: 3,
  // A hook may bundle workflows, and the machine may have other things to do: what hangs is still ended.
  testTimeout: 180_000,
};
