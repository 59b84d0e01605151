import { routeCount } from './routes.ts';
import { tryTables } from './run.ts';

tryTables(routeCount);
