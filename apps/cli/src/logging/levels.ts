/** How a log is written, and what goes into it. */

export const LOG_FORMATS = ['text', 'json'] as const;
/** From the loudest to the quietest. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];
export type LogLevel = (typeof LOG_LEVELS)[number];
