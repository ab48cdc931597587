// Loaded before the specs that `npm test` runs again on the native backend.
process.env['HANDGRAD_SPEC_BACKEND'] = 'native';
