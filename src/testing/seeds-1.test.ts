import { demandSeeds } from './seeds.ts';

demandSeeds(1, 50);
