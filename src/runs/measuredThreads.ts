/** The number of threads that stands for as many as a measurement finds fastest: `auto` on the command line. */
export const MEASURED = 0;
