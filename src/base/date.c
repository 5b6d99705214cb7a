/*
 * date.c - HTTP dates (RFC 9110 section 5.6.7) and the dates of logs.
 *
 * Names are English whatever the locale, and the calendar is arithmetic, so no call here can
 * block or depends on the environment; date_format_clf alone asks for the local time zone.
 */
#include "base/date.h"

#include <stdint.h>

static const char day_names[7][10] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };

enum { DAY_S = 24 * 3600 };
static const int64_t LAST_S = 253402300799; /* 9999-12-31T23:59:59Z */

struct civil {
	int year, month, day; /* month 1-12 */
	int hour, minute, second;
	int weekday; /* 0: Sunday */
};

/*
 * Years are counted from March, so that the leap day is the last of its year; 400 of them make an
 * era of 146097 days. 719468 days lie between 0000-03-01 and 1970-01-01. The months from March on
 * begin at day (153 m + 2) / 5 of the year: 31 30 31 30 31 repeats every 153 days.
 */
static int64_t days_from_civil(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return (int64_t)era * 146097 + day_of_era - 719468;
}

/* t >= 0 */
static struct civil civil_from_time(int64_t t)
{
	int64_t days = t / DAY_S;
	int rest = (int)(t % DAY_S);
	int64_t since_0000 = days + 719468;
	int era = (int)(since_0000 / 146097);
	int day_of_era = (int)(since_0000 % 146097);
	/* Takes out the leap days: one in 1460 days, but not each 36524th, but the 146096th. */
	int year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int march_month = (5 * day_of_year + 2) / 153;
	int month = march_month < 10 ? march_month + 3 : march_month - 9;
	return (struct civil){
		.year = year_of_era + era * 400 + (month <= 2),
		.month = month,
		.day = day_of_year - (153 * march_month + 2) / 5 + 1,
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
		.weekday = (int)((days + 4) % 7), /* 1970-01-01 was a Thursday */
	};
}

static int64_t clamp(time_t t)
{
	return t < 0 ? 0 : t > LAST_S ? LAST_S : t;
}

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

static char *put2(char *at, int value)
{
	at[0] = (char)('0' + value / 10);
	at[1] = (char)('0' + value % 10);
	return at + 2;
}

static char *put4(char *at, int value)
{
	return put2(put2(at, value / 100), value % 100);
}

static char *put_clock(char *at, int hour, int minute, int second)
{
	at = put2(at, hour);
	*at++ = ':';
	at = put2(at, minute);
	*at++ = ':';
	return put2(at, second);
}

void date_format_http(time_t t, char text_out[DATE_HTTP_LEN])
{
	struct civil c = civil_from_time(clamp(t));
	char *at = put(text_out, day_names[c.weekday], 3);
	at = put(at, ", ", 2);
	at = put2(at, c.day);
	*at++ = ' ';
	at = put(at, month_names[c.month - 1], 3);
	*at++ = ' ';
	at = put4(at, c.year);
	*at++ = ' ';
	at = put_clock(at, c.hour, c.minute, c.second);
	put(at, " GMT", 4);
}

void date_format_iso(time_t t, unsigned ms, char *text_out)
{
	struct civil c = civil_from_time(clamp(t));
	char *at = put4(text_out, c.year);
	*at++ = '-';
	at = put2(at, c.month);
	*at++ = '-';
	at = put2(at, c.day);
	*at++ = 'T';
	at = put_clock(at, c.hour, c.minute, c.second);
	*at++ = '.';
	*at++ = (char)('0' + ms / 100 % 10);
	at = put2(at, (int)(ms % 100));
	put(at, "Z", 2);
}

enum { CLF_ROOM = 27 };

static void format_clf(int64_t t, char *text_out)
{
	time_t when = (time_t)t;
	struct tm tm = { .tm_mday = 1, .tm_year = 70 };
	localtime_r(&when, &tm);
	int offset = (int)(tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff) / 60;
	char *at = put2(text_out, tm.tm_mday);
	*at++ = '/';
	at = put(at, month_names[tm.tm_mon], 3);
	*at++ = '/';
	at = put4(at, (tm.tm_year + 1900) % 10000); /* zones east end in the year 10000 */
	*at++ = ':';
	at = put_clock(at, tm.tm_hour, tm.tm_min, tm.tm_sec);
	*at++ = ' ';
	*at++ = tm.tm_gmtoff < 0 ? '-' : '+';
	at = put2(at, offset / 60);
	at = put2(at, offset % 60);
	*at = '\0';
}

/* Asking for local time takes a lock and a search of the zone's table; a thousand lines of one
 * second's log ask once. */
void date_format_clf(time_t t, char *text_out)
{
	static _Thread_local char cached[CLF_ROOM];
	static _Thread_local int64_t cached_t = -1;
	int64_t when = clamp(t);
	if (when != cached_t) {
		format_clf(when, cached);
		cached_t = when;
	}
	memcpy(text_out, cached, CLF_ROOM);
}

/* What follows reads from the front of a slice and sets `bad` once something does not fit. */
struct reader {
	struct slice rest;
	bool bad;
};

static void expect(struct reader *r, const char *text)
{
	struct slice literal = slice_str(text);
	r->bad = r->bad || !slice_starts(r->rest, literal);
	r->rest = slice_tail(r->rest, literal.len);
}

static int take_digits(struct reader *r, size_t count)
{
	int value = 0;
	if (r->rest.len < count) {
		r->bad = true;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		char c = r->rest.ptr[i];
		r->bad = r->bad || c < '0' || c > '9';
		value = value * 10 + (c - '0');
	}
	r->rest = slice_tail(r->rest, count);
	return r->bad ? 0 : value;
}

static int take_month(struct reader *r)
{
	for (int i = 0; i < 12; i++) {
		if (slice_starts(r->rest, slice_of(month_names[i], 3))) {
			r->rest = slice_tail(r->rest, 3);
			return i + 1;
		}
	}
	r->bad = true;
	return 1;
}

/* The whole name or, abbreviated, its first three letters. */
static int take_weekday(struct reader *r, bool abbreviated)
{
	for (int i = 0; i < 7; i++) {
		struct slice name = slice_str(day_names[i]);
		name = abbreviated ? slice_head(name, 3) : name;
		if (slice_starts(r->rest, name)) {
			r->rest = slice_tail(r->rest, name.len);
			return i;
		}
	}
	r->bad = true;
	return 0;
}

static void take_clock(struct reader *r, struct civil *c)
{
	c->hour = take_digits(r, 2);
	expect(r, ":");
	c->minute = take_digits(r, 2);
	expect(r, ":");
	c->second = take_digits(r, 2);
}

static int month_days(int year, int month)
{
	static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

static int64_t time_from_civil(const struct civil *c)
{
	return days_from_civil(c->year, c->month, c->day) * DAY_S + c->hour * 3600 +
	       c->minute * 60 + c->second;
}

/* Leap seconds are added at the end of a day of UTC only. */
static bool clock_is_valid(const struct civil *c)
{
	if (c->second == 60)
		return c->hour == 23 && c->minute == 59;
	return c->hour < 24 && c->minute < 60 && c->second < 60;
}

static bool date_is_valid(const struct civil *c)
{
	if (c->day < 1 || c->day > month_days(c->year, c->month))
		return false;
	int64_t weekday = (days_from_civil(c->year, c->month, c->day) + 4) % 7;
	return (weekday + 7) % 7 == c->weekday;
}

/* The latest year with these two digits that is not more than 50 years in the future. */
static int full_year(const struct civil *c, int64_t now)
{
	struct civil limit = civil_from_time(clamp((time_t)now));
	limit.year += 50;
	struct civil guess = *c;
	guess.year = limit.year - (limit.year - c->year) % 100;
	return time_from_civil(&guess) > time_from_civil(&limit) ? guess.year - 100 : guess.year;
}

static struct civil take_imf_fixdate(struct reader *r)
{
	struct civil c = { .weekday = take_weekday(r, true) };
	expect(r, ", ");
	c.day = take_digits(r, 2);
	expect(r, " ");
	c.month = take_month(r);
	expect(r, " ");
	c.year = take_digits(r, 4);
	expect(r, " ");
	take_clock(r, &c);
	expect(r, " GMT");
	return c;
}

static struct civil take_rfc850(struct reader *r, int64_t now)
{
	struct civil c = { .weekday = take_weekday(r, false) };
	expect(r, ", ");
	c.day = take_digits(r, 2);
	expect(r, "-");
	c.month = take_month(r);
	expect(r, "-");
	c.year = take_digits(r, 2);
	expect(r, " ");
	take_clock(r, &c);
	expect(r, " GMT");
	c.year = full_year(&c, now);
	return c;
}

static struct civil take_asctime(struct reader *r)
{
	struct civil c = { .weekday = take_weekday(r, true) };
	expect(r, " ");
	c.month = take_month(r);
	expect(r, " ");
	bool padded = slice_starts(r->rest, SLICE(" "));
	expect(r, padded ? " " : "");
	c.day = take_digits(r, padded ? 1 : 2);
	expect(r, " ");
	take_clock(r, &c);
	expect(r, " ");
	c.year = take_digits(r, 4);
	return c;
}

int date_parse_http(struct slice text, time_t now, time_t *t_out)
{
	struct reader r = { .rest = text };
	struct civil c;
	ptrdiff_t comma = slice_find(text, ',');
	if (comma == 3)
		c = take_imf_fixdate(&r);
	else if (comma > 3)
		c = take_rfc850(&r, now);
	else
		c = take_asctime(&r);
	if (r.bad || r.rest.len != 0 || !clock_is_valid(&c) || !date_is_valid(&c))
		return ERR_SYNTAX;
	*t_out = (time_t)time_from_civil(&c);
	return OK;
}
