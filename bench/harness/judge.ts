/** Compares what ours did with what it owes. */
import type { Figure, Target } from './figure.ts';
import type { ContenderResult, TargetResult } from './result.ts';
import { pairedRatio } from './statistics.ts';

export function judge(figure: Figure, contenders: readonly ContenderResult[]): TargetResult[] {
  return figure.targets.map((target) => {
    const unit = target.unit ?? figure.unit;
    const ratio = ratioOf(target, unit, contenders);
    if (ratio === undefined) return { text: target.text, unit };
    const better = target.better ?? figure.better;
    return {
      text: target.text,
      unit,
      ratio,
      met: better === 'more' ? ratio >= target.ratio : ratio <= target.ratio,
    };
  });
}

function ratioOf(target: Target, unit: string, contenders: readonly ContenderResult[]): number | undefined {
  const [ours] = contenders;
  if (ours === undefined) return undefined;
  if (typeof target.against === 'number') {
    const value = ours.units[unit]?.median;
    return value === undefined ? undefined : value / target.against;
  }
  const theirs = contenders.find(({ name }) => name === target.against);
  return theirs === undefined ? undefined : pairedRatio(ours.samples, theirs.samples, unit);
}
