import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'dist-book/', 'runs/', 'datasets/', 'coverage/', '.cache/', 'docs/api/'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './book/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // The command line loads its commands when they are asked for, so that --help starts fast.
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // What prettier cannot break (comments, strings) is broken by hand.
    files: ['**/*.{ts,js,mjs}'],
    rules: { 'max-len': ['error', { code: 120, comments: 120 }] },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        ...{ process: 'readonly', require: 'readonly', module: 'writable', __dirname: 'readonly' },
        ...{ __filename: 'readonly', Buffer: 'readonly' },
        ...{ console: 'readonly', performance: 'readonly' },
      },
    },
  },
  {
    files: ['pages/**/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(
        [
          ...['document', 'navigator', 'location', 'fetch', 'console', 'addEventListener', 'WebAssembly'],
          ...['setTimeout', 'history', 'URLSearchParams', 'createImageBitmap', 'ImageData'],
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-console': 'error', 'no-restricted-properties': ['error', { object: 'process', property: 'exit' }] },
  },
  {
    // chai's assertions are expressions: expect(x).to.be.true
    files: ['spec/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off' },
  },
);
