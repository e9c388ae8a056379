/** Prints the time of each policy in each of some swarms, in multiples of the bound. */
import { POLICIES, type PolicyOptions } from './policies.ts';
import { optionsOf, type Scenario } from './scenarios.ts';
import { discreteOptimum } from './swarm-figures.ts';
import { SwarmSimulation } from './swarm-simulation.ts';

const ROWS = ['in-order', 'random', 'rarest-first', 'deep', 'no-endgame', 'budget', 'default'] as const;
const DYING_PERCENT = 50;

export function printTable(columns: readonly Scenario[]): void {
  printRow('time / bound', columns.map(nameOf));
  printRow(
    '---',
    columns.map(() => '---'),
  );
  for (const row of ROWS) {
    const { title, options } = POLICIES[row];
    printRow(
      title,
      columns.map((column) => ratioOf(column, options(column.peers))),
    );
  }
  printRow(
    'default, half of them die at a third',
    columns.map((column) => ratioOf({ ...column, churn: 0, dying: DYING_PERCENT }, {})),
  );
  printRow('optimum', columns.map(optimumOf));
}

function printRow(title: string, cells: readonly string[]): void {
  console.log(`| ${[title, ...cells].join(' | ')} |`);
}

function nameOf({ peers, pieces, uplinks }: Scenario): string {
  return `${uplinks === 'unequal' ? 'unequal ' : ''}N=${peers} M=${pieces}`;
}

function ratioOf(column: Scenario, policy: PolicyOptions): string {
  const { ratio, completed } = new SwarmSimulation({
    ...optionsOf(column),
    ...policy,
    checksRules: false,
  }).run();
  return completed ? ratio.toFixed(3) : 'not complete';
}

function optimumOf({ peers, pieces, uplinks }: Scenario): string {
  return uplinks === 'unequal' ? '' : discreteOptimum({ leechers: peers, pieces }).toFixed(3);
}
