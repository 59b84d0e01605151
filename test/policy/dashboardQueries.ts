import { readDashboard, type Dashboard } from './dashboard.ts';

/** A query as Grafana would send it. */
export interface DashboardQuery {
  /** The title of its panel. */
  readonly panel: string;
  /** Tells the queries of a panel apart. */
  readonly refId: string;
  readonly expression: string;
  /** What a series is called, with `{{label}}` for its labels. */
  readonly legend: string;
  /** What the panel says when none of its queries has an answer; absent where there always is one. */
  readonly noValue: string | undefined;
}

/** What Grafana puts in the place of its variables: everything is chosen, and the scrape interval is 15 s. */
export const usualVariables: Readonly<Record<string, string>> = {
  job: '.*',
  instance: '.*',
  upstream: '.*',
  __rate_interval: '1m',
};

/** Every query of the dashboard, with these in the place of the variables; throws where one is not among them. */
export async function dashboardQueries(
  variables: Readonly<Record<string, string>> = usualVariables,
): Promise<DashboardQuery[]> {
  return queriesOf(await readDashboard(), variables);
}

function queriesOf(
  { panels }: Dashboard,
  variables: Readonly<Record<string, string>>,
): DashboardQuery[] {
  return panels.flatMap(({ title, targets = [], fieldConfig }) =>
    targets.map(({ refId, expr, legendFormat }) => ({
      panel: title,
      refId,
      expression: substituted(expr, variables),
      legend: legendFormat,
      noValue: fieldConfig?.defaults.noValue,
    })),
  );
}

/** The text with every `$name` replaced; throws where a name has no value. */
export function substituted(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(\w+)/g, (_all, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`the dashboard has no variable ${name}: ${text}`);
    return value;
  });
}
