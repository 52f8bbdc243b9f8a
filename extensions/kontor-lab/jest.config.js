/** Models and requests are tested without a JupyterLab; views in a small DOM. */
module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/__tests__/*.spec.ts?(x)'],
  transform: { '\\.[jt]sx?$': ['ts-jest', { tsconfig: 'tsconfig.test.json' }] },
  // JupyterLab's packages that are ES modules, which Jest does not read as they are.
  transformIgnorePatterns: ['/node_modules/(?!@jupyterlab/(translation|rendermime-interfaces|statedb)/)']
};
