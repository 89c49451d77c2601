// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static bool faked;
static int64_t fake_wall_ms, fake_mono_ms;

static int64_t
read_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return faked ? fake_wall_ms : read_ms(CLOCK_REALTIME);
}

int64_t
clock_wall_s(void)
{
	int64_t ms = clock_wall_ms();

	return ms >= 0 ? ms / 1000 : -((999 - ms) / 1000);
}

int64_t
clock_mono_ms(void)
{
	return faked ? fake_mono_ms : read_ms(CLOCK_BOOTTIME);
}

void
clock_fake(int64_t wall_ms, int64_t mono_ms)
{
	faked = true;
	fake_wall_ms = wall_ms;
	fake_mono_ms = mono_ms;
}

void
clock_advance(int64_t ms)
{
	fake_wall_ms += ms;
	fake_mono_ms += ms;
}

void
clock_real(void)
{
	faked = false;
}

static bool
leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && leap(year) ? 29 : days[month - 1];
}

// Days from 1 January of year 0 to 1 January of `year`.
static int64_t
days_before(int64_t year)
{
	return year == 0 ? 0 : year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1;
}

#define EPOCH_DAYS 719528	// 1 January 1970, counted from year 0
#define DAY_S 86400

bool
calendar_from_seconds(struct calendar *out, int64_t seconds)
{
	if (seconds < -(int64_t)EPOCH_DAYS * DAY_S || seconds >= (days_before(10000) - EPOCH_DAYS) * DAY_S)
		return false;
	int64_t shifted = seconds + (int64_t)EPOCH_DAYS * DAY_S;
	int64_t day = shifted / DAY_S, rest = shifted % DAY_S;
	int64_t year = day / 366;
	while (days_before(year + 1) <= day)
		year++;
	day -= days_before(year);
	*out = (struct calendar){ .year = (int)year, .month = 1 };
	while (day >= month_days(out->year, out->month))
		day -= month_days(out->year, out->month++);
	out->day = (int)day + 1;
	out->hour = (int)(rest / 3600);
	out->minute = (int)(rest / 60 % 60);
	out->second = (int)(rest % 60);
	return true;
}

bool
calendar_to_seconds(int64_t *out, const struct calendar *c)
{
	if (c->year < 0 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 || c->day > month_days(c->year, c->month) ||
	    c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 || c->second < 0 || c->second > 59)
		return false;
	int64_t days = days_before(c->year) - EPOCH_DAYS + c->day - 1;
	for (int m = 1; m < c->month; m++)
		days += month_days(c->year, m);
	*out = days * DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
	return true;
}

const char *
calendar_text(int64_t wall_ms, char *out, size_t size)
{
	struct calendar c;
	int64_t ms = wall_ms % 1000, s = wall_ms / 1000;

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	if (calendar_from_seconds(&c, s))
		snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute, c.second, (int)ms);
	else
		snprintf(out, size, "(no date)");
	return out;
}
