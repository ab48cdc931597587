// Loaded before the specs that `npm test` runs again on the tensorflow backend.
process.env['HANDGRAD_SPEC_BACKEND'] = 'tensorflow';
