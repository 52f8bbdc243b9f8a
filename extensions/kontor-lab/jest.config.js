/** Models and requests are tested without a JupyterLab; views in a small DOM. */
module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/__tests__/*.spec.ts?(x)'],
  transform: { '\\.tsx?$': ['ts-jest', { tsconfig: 'tsconfig.test.json' }] },
  moduleNameMapper: { '\\.(css|svg)$': '<rootDir>/src/__tests__/nothing.ts' }
};
