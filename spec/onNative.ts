// Loaded before the specs that `npm test` runs again on the native engine.
process.env['HANDGRAD_SPEC_ENGINE'] = 'native';
