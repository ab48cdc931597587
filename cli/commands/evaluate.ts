import { defineCommand, MODEL, MODEL_SETTINGS, NO_VERIFY, OUTPUT } from '../arguments/command';
import { toggle } from '../arguments/flags';
import { THRESHOLD } from '../arguments/threshold';
import { SIGNALS } from '../exitCodes';
import { library } from '../library';
import { showEvaluation } from '../screens/evaluation';
import { withOpenScreen } from '../screens/open';
import { endAtSecondSignal } from '../stopping/secondSignal';

export const command = defineCommand({
  summary: 'print loss, accuracy, per-class metrics and the confusion matrix of a trained network',
  arguments: { model: MODEL },
  settings: MODEL_SETTINGS,
  flags: {
    threshold: THRESHOLD,
    skipUnknownClasses: toggle({ help: 'of a table, skip rows of classes that the model does not know' }),
    noVerify: NO_VERIFY,
    ...OUTPUT,
  },
  examples: [
    ['evaluate runs/<run>', 'on the test set of its data set'],
    ['evaluate runs/<run> --dataset new.csv', 'on all rows of another table'],
    ['evaluate model.safetensors --dataset mnist --json', 'on another data set, as one JSON object'],
  ],
  async run({ model, threshold, skipUnknownClasses, noVerify, json }, context) {
    endAtSecondSignal(SIGNALS);
    const { evaluateModel } = library.inference();
    const { settings, terminal } = context;
    const evaluation = await withOpenScreen(context, (how) =>
      evaluateModel(model, settings, { ...how, threshold, skipUnknownClasses, noVerify }),
    );
    if (json) terminal.json(evaluation);
    else showEvaluation(evaluation, terminal);
  },
});
