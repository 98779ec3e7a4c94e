/** Answers one question in a process of its own; the question is its argument, as JSON. */
import { checkData } from '../../../data/check/checkData.js';
import { UserError } from '../../../errors.js';
import { inspectionFigures } from './inspectionFigures.js';
import type { AnswerTo, Question, QuestionNews } from './question.js';
import { varianceFigures } from './varianceFigures.js';

/** Milliseconds between news of how far it is. */
const INTERVAL = 200;

const asked = JSON.parse(process.argv[2]!) as Question;

let saidAt = Number.NEGATIVE_INFINITY;

function tellProgress(done: number, total: number): void {
  if (performance.now() - saidAt < INTERVAL) return;
  saidAt = performance.now();
  process.send!({ done, total });
}

async function answerOf(question: Question): Promise<AnswerTo[Question['kind']]> {
  switch (question.kind) {
    case 'variances':
      return varianceFigures(question.folder, question.images);
    case 'inspection':
      return inspectionFigures(question.folder, question.part, question.images);
    case 'check':
      return checkData(question.folder, { excludeList: question.list, onProgress: tellProgress });
  }
}

async function lastNews(): Promise<QuestionNews<AnswerTo[Question['kind']]>> {
  try {
    return { answer: await answerOf(asked) };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.message };
    throw error;
  }
}

// The studio has gone: nobody waits for the answer.
process.on('disconnect', () => process.exit());
process.send!(await lastNews(), () => process.exit());
