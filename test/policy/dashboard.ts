import { readFile } from 'node:fs/promises';

/** A query of a panel. */
export interface DashboardTarget {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
}

/** A panel, or the head of a row, which has no queries. */
export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly DashboardTarget[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly noValue?: string };
    readonly overrides: readonly object[];
  };
}

/** What is chosen at the top of the dashboard. */
export interface DashboardVariable {
  readonly name: string;
  readonly type: string;
  /** What finds its values, where Prometheus knows them. */
  readonly definition?: string;
}

/** What of a Grafana dashboard is looked at here. */
export interface Dashboard {
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly DashboardVariable[] };
}

/** Reads the dashboard as it is in the repository. */
export async function readDashboard(): Promise<Dashboard> {
  const file = new URL('../../config/grafana/pullthrough.json', import.meta.url);
  return JSON.parse(await readFile(file, 'utf8')) as Dashboard;
}
