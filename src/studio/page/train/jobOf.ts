import type { DataSource } from './DataFields.jsx';
import { dataOfClasses, GENERATED_SIZE, generatedData } from './ownImages.js';
import type { TrainingJob, TrainingPlan } from './plan.js';
import { modelOfPlan } from './runJob.js';

/**
 * Reads the images, and checks that the plan fits them.
 *
 * @param onReading is given what is being done, in words
 * @throws UserError when something is wrong with either
 */
export async function jobOf(
  source: DataSource,
  plan: TrainingPlan,
  onReading: (text: string) => void,
): Promise<TrainingJob> {
  if (source.kind === 'generated') {
    const own = { ...plan, imageSize: GENERATED_SIZE };
    modelOfPlan(own, 2);
    return newJob(own, generatedData(source.count, own.seed));
  }
  modelOfPlan(plan, 2);
  const total = source.classes.reduce((sum, { images }) => sum + images.length, 0);
  const data = await dataOfClasses(source.classes, plan.imageSize, (decoded) =>
    onReading(`Reading images: ${decoded} of ${total} …`),
  );
  return newJob(plan, data);
}

/** A new training, whose batch is no larger than the training set. */
function newJob(plan: TrainingPlan, data: TrainingJob['data']): TrainingJob {
  const id = [...crypto.getRandomValues(new Uint32Array(4))].join('-');
  return { id, plan: { ...plan, batchSize: Math.min(plan.batchSize, data.sets.train.count) }, data };
}
