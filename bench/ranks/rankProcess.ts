import { spawn } from 'node:child_process';

/** What the first rank measured. */
export interface RankTimes {
  /** Of each step. */
  readonly seconds: readonly number[];
  readonly version: string;
}

/** The times that the first rank printed. */
export function resultOf(text: string): RankTimes {
  const line = text.split('\n').find((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`the first rank printed no times: ${text}`);
  return JSON.parse(line) as RankTimes;
}

/** What a program prints to the end. @throws Error when it fails */
export function printed(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`${program} ended with ${code}: ${stderr}`)),
    );
  });
}
